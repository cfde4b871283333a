"""The gateway: owns the listening socket, checks keys, shares traffic among slots, and keeps their servers alive."""
