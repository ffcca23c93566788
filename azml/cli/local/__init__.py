"""The local Azure, the Pulumi engine and other processes of this machine."""
