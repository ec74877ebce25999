"""What every page uses: request context, sign-in, permissions, layout, filters."""
