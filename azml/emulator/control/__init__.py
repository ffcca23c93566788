"""The control plane's process: management, sign-in and storage behind one https address."""
