"""Access control: accounts, logins, tokens, paired screens, rate limit, audit log."""
