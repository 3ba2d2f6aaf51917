"""The e-mails about an account's activity: what they say, to whom, how often, and how they leave the process."""
