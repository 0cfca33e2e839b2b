"""Settings and where each value came from: flags, environment, TOML file, the AWS profile."""
