"""Rating two texts of each prompt side by side without knowing what wrote which."""
