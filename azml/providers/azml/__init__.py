"""The plugin `azml`: the shares of traffic, and the guard over live slots."""

VERSION = "0.1.0"
