"""What ships beside the code: icons, themes, default configuration, reactor models, help."""
