"""Processes of the command's own: started, kept running, and ended, also by the next command."""
