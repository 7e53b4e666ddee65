"""What firmware embeds: the standard library only."""
