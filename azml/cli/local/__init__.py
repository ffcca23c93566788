"""The local Azure, the Pulumi engine and other processes on this machine."""
