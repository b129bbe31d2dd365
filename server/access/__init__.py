"""Who may come in: accounts, logins, tokens, paired screens, rate limit, audit log."""
