"""The router's process: takes predictions over https, checks keys, splits the traffic."""
