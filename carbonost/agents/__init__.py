"""The conductor: stages, envelopes, reviews, runners."""
