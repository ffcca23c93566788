"""Management requests over HTTP: sign-in, guards, faults on demand, the journal."""
