"""The router's process: takes requests over https, checks keys, splits the traffic."""
