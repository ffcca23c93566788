"""The plugin `azml`: traffic, the live-slot guard, uploads, roles and purges."""

VERSION = "0.1.0"
