"""Operations: backups, changes of departments, retention, health checks."""
