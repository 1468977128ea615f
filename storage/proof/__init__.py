"""What a proof bundle carries beside the data: the program that verifies it."""
