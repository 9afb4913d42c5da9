"""Names: what rules call campaigns, cards, events and attributes, and what a catalog says of them (CR2xx)."""
