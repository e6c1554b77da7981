"""What a person types: arguments, commands, the live screen."""
