"""What a trial does."""
