"""Documents made searchable: how they are embedded; knows no method and no window."""
