"""Small offer files in the documented shape of AWS's price list, made by hand."""

import json
from typing import Any

FRANKFURT = ("eu-central-1", "EU (Frankfurt)", "EUC1-")
VIRGINIA = ("us-east-1", "US East (N. Virginia)", "")
VERSION, PUBLISHED = "20260928230416", "2026-09-28T23:04:16Z"
Region = tuple[str, str, str]
"""Code, location and usage prefix."""


class OfferFile:
    """One file; products are added with a price a unit."""

    def __init__(self, offer: str, region: Region = FRANKFURT) -> None:
        self.offer = offer
        self.code, self.location, self.prefix = region
        self.products: dict[str, Any] = {}
        self.terms: dict[str, Any] = {}

    def add(
        self,
        usage: str,
        price: str,
        unit: str,
        operation: str = "",
        *,
        begin: str = "0",
        currency: str = "USD",
        **more: str,
    ) -> "OfferFile":
        """A product of its own; ``begin`` other than 0 is of larger amounts."""
        family = more.pop("family", "")
        sku = f"SKU{len(self.products):03}"
        about = {"usagetype": self.prefix + usage, "regionCode": self.code, "location": self.location, **more}
        if operation:
            about["operation"] = operation
        self.products[sku] = {"sku": sku, "attributes": about} | ({"productFamily": family} if family else {})
        self.terms[sku] = {
            f"{sku}.JRTCKXETXF": {
                "priceDimensions": {
                    f"{sku}.{begin}": {"unit": unit, "beginRange": begin, "pricePerUnit": {currency: price}},
                    f"{sku}.later": {"unit": unit, "beginRange": "51200", "pricePerUnit": {currency: "0.0000001"}},
                }
            }
        }
        return self

    def bytes(self, **more: Any) -> bytes:
        """As the file is on disk."""
        document = {
            "formatVersion": "v1.0", "offerCode": self.offer, "version": VERSION, "publicationDate": PUBLISHED,
            "products": self.products, "terms": {"OnDemand": self.terms},
        }  # fmt: skip
        return json.dumps(document | more).encode()


def s3(region: Region = FRANKFURT, currency: str = "USD") -> OfferFile:
    """``AmazonS3`` with all that is read of it, and what must not be taken for it."""
    file = OfferFile("AmazonS3", region)
    standard = {"family": "Storage", "volumeType": "Standard", "storageClass": "General Purpose"}
    made: list[tuple[Any, ...]] = [
        ("TimedStorage-ByteHrs", "0.0245000000", "GB-Mo", "", standard),
        ("Annotation-TimedStorage-ByteHrs", "0.03", "GB-Mo", "", {"volumeType": "Annotations"}),
        ("Tables-TimedStorage-ByteHrs", "0.0265", "GB-Mo", "", {}),
        ("TimedStorage-ByteHrs", "0.0001", "GB-Mo", "INTAAS3ObjectOverhead", {}),
        ("TimedStorage-RRS-ByteHrs", "0.0260", "GB-Mo", "", {}),
        ("TimedStorage-INT-FA-ByteHrs", "0.0245", "GB-Mo", "", {}),
        ("Tables-TimedStorage-INT-FA-ByteHrs", "0.03", "GB-Mo", "", {}),
        ("TimedStorage-INT-IA-ByteHrs", "0.0135", "GB-Mo", "", {}),
        ("Standard-Retrieval-Bytes", "0.012", "GB", "RestoreObject", {}),
        ("Standard-Retrieval-Bytes", "0.024", "GB", "DeepArchiveRestoreObject", {}),
        ("Bulk-Retrieval-Bytes", "0", "GB", "RestoreObject", {}),
        ("Bulk-Retrieval-Bytes", "0.005", "GB", "DeepArchiveRestoreObject", {}),
        ("Expedited-Retrieval-Bytes", "0.036", "GB", "", {}),
        ("Requests-Tier1", "0.0000054", "Requests", "", {}),
        ("Requests-Tier1", "0.0000090", "Requests", "CopyObject", {}),
        ("Requests-Tier2", "0.00000043", "Requests", "", {}),
        ("Requests-Tier3", "0.00006", "Requests", "RestoreObject", {}),
        ("Requests-Tier3", "0.000036", "Requests", "S3-GlacierTransition", {}),
        ("Requests-Tier5", "0", "Requests", "", {}),
        ("Requests-Tier6", "0.012", "Requests", "", {}),
        ("DataTransfer-Out-Bytes", "0.0033", "GB", "", {}),
    ]
    for usage, price, unit, operation, more in made:
        file.add(usage, price, unit, operation, currency=currency, **more)
    return file


def deep(region: Region = FRANKFURT, currency: str = "USD") -> OfferFile:
    """``AmazonS3GlacierDeepArchive``: the request fees."""
    file = OfferFile("AmazonS3GlacierDeepArchive", region)
    file.add("Requests-GDA-Tier3", "0.00012", "Requests", currency=currency)
    return file.add("Requests-GDA-Tier5", "0.00003", "Requests", "DeepArchiveRestoreObjectBulk", currency=currency)


def transfer(region: Region = FRANKFURT, currency: str = "USD") -> OfferFile:
    """``AWSDataTransfer``: egress, and what is none."""
    file = OfferFile("AWSDataTransfer", region)
    out = {"toLocation": "External", "transferType": "AWS Outbound", "fromLocationType": "AWS Region"}
    here = {"fromLocation": region[1], "fromRegionCode": region[0]}
    file.add("DataTransfer-Out-Bytes", "0.0900000000", "GB", currency=currency, **out, **here)
    file.add("Global-DataTransfer-Out-Bytes", "0.99", "GB", currency=currency, **out, **here)
    file.add("Free-DataTransfer-Out-Bytes", "0", "GB", currency=currency, **out, **here)
    file.add(
        "AWS-Out-Bytes", "0.5", "GB", currency=currency, **(out | {"transferType": "InterRegion Outbound"}), **here
    )
    other = {"fromLocation": "Asia Pacific (Tokyo)", "fromRegionCode": "ap-northeast-1"}
    return file.add("APN1-DataTransfer-Out-Bytes", "0.114", "GB", currency=currency, **out, **other)
