"""What most people's S3 needs, without the SDK, which takes longer to load than a short listing takes."""
