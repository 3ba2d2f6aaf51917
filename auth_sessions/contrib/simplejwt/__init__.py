"""From simplejwt's token views to sessions: the same paths and responses, and nobody is signed out by the change."""
