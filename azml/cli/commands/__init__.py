"""The commands of `azml`, one file each."""
