"""The `azml` command line: `app` assembles the commands, `errors` turns failures into messages."""
