"""The local API: HTTP on a Unix socket, and on TCP where it is asked for. Panel and CLI use nothing else."""
