"""What S3 and OSS have in common on the wire: listing XML, restore headers, refusals, what is believed."""
