"""The page of one activity, which an e-mail leads to, and \"This wasn't me\"."""
