"""Cash flows and what they are worth: arrays in, arrays out."""
