"""The `azml` command line: one noun per file, `app` puts them together, `edge` turns failures into lines."""
