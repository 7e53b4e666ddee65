"""What firmware embeds, on the standard library only. Nothing is public here yet: readings come in as tables."""
