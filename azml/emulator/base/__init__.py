"""What the processes of the local Azure share: files, identity, certificates, subprocesses, logs."""
