"""The subjects of the command line, one file each. Heavy imports stay inside the commands, so that `up` starts fast."""
