"""One stage each: engines and ports in, an envelope out."""
