"""What becomes of the machine when our own program, its disk, its clock or its file descriptors fail."""
