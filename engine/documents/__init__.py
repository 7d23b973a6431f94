"""Makes documents searchable: reads, cuts, embeds and indexes them."""
