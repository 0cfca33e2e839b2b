"""Small offer files in the shape of AWS's price list, made by hand (FACTS 3.1).

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
"""

import json
from typing import Any

FRANKFURT = ("eu-central-1", "EU (Frankfurt)", "EUC1-")
VIRGINIA = ("us-east-1", "US East (N. Virginia)", "")
VERSION, PUBLISHED = "20260928230416", "2026-09-28T23:04:16Z"
Region = tuple[str, str, str]
"""Code, location and usage prefix."""
ON_DEMAND, FIRST_TIER, LATER_TIER = "JRTCKXETXF", "PGHJ3S3EYE", "D42MF2PVJS"
"""What terms and the ranges of amounts are called in all files."""
FAMILIES = {"Requests": "API Request", "GB-Mo": "Storage"}
NAMES = {"AmazonS3": "Amazon Simple Storage Service", "AWSDataTransfer": "AWS Data Transfer"}


class OfferFile:
    """One file; products are added with a price a unit.

    Every key that the public files have is there, as is every attribute that has a value or an empty one.
    """

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
        family = more.pop("family", "") or FAMILIES.get(unit, "Fee")
        sku = f"SKU{len(self.products):013}"
        where = {"location": self.location, "locationType": "AWS Region", "regionCode": self.code}
        if self.offer == "AWSDataTransfer":
            where, family = {}, "Data Transfer"
        about = {
            "servicecode": self.offer, **where, "usagetype": self.prefix + usage, "operation": operation,
            "servicename": NAMES.get(self.offer, ""), **more,
        }  # fmt: skip
        self.products[sku] = {"sku": sku, "productFamily": family, "attributes": about}
        term = f"{sku}.{ON_DEMAND}"
        ranges = [(FIRST_TIER, begin, "51200", price), (LATER_TIER, "51200", "Inf", "0.0000001000")]
        self.terms[sku] = {
            term: {
                "offerTermCode": ON_DEMAND, "sku": sku, "effectiveDate": "2026-09-01T00:00:00Z",
                "priceDimensions": {
                    f"{term}.{rate}": {
                        "rateCode": f"{term}.{rate}", "description": f"${amount} per {unit}",
                        "beginRange": start, "endRange": end, "unit": unit,
                        "pricePerUnit": {currency: amount}, "appliesTo": [],
                    }
                    for rate, start, end, amount in ranges
                },
                "termAttributes": {},
            }
        }  # fmt: skip
        return self

    def bytes(self, **more: Any) -> bytes:
        """As the file is on disk."""
        document = {
            "formatVersion": "v1.0", "disclaimer": "This is a test.", "offerCode": self.offer, "version": VERSION,
            "publicationDate": PUBLISHED, "products": self.products, "terms": {"OnDemand": self.terms},
            "attributesList": {},
        }  # fmt: skip
        return json.dumps(document | more, indent=2).encode()


def s3(region: Region = FRANKFURT, currency: str = "USD") -> OfferFile:
    """``AmazonS3`` with all that is read of it, and what must not be taken for it."""
    file = OfferFile("AmazonS3", region)
    standard = {"family": "Storage", "volumeType": "Standard", "storageClass": "General Purpose"}
    made: list[tuple[Any, ...]] = [
        ("TimedStorage-ByteHrs", "0.0245000000", "GB-Mo", "", standard),
        ("Annotation-TimedStorage-ByteHrs", "0.03", "GB-Mo", "", {"volumeType": "Annotations"}),
        ("Tables-TimedStorage-ByteHrs", "0.0265", "GB-Mo", "", {}),
        ("TimedStorage-ByteHrs", "0.0001", "GB-Mo", "", {"volumeType": "INTAAS3ObjectOverhead"}),
        ("TimedStorage-RRS-ByteHrs", "0.0260", "GB-Mo", "", {}),
        ("TimedStorage-INT-FA-ByteHrs", "0.0245", "GB-Mo", "", {}),
        ("Tables-TimedStorage-INT-FA-ByteHrs", "0.03", "GB-Mo", "", {}),
        ("TimedStorage-INT-IA-ByteHrs", "0.0135", "GB-Mo", "", {}),
        ("Standard-Retrieval-Bytes", "0.012", "GB", "RestoreObject", {"feeCode": "S3-Standard-Retrieval"}),
        ("Standard-Retrieval-Bytes", "0.024", "GB", "DeepArchiveRestoreObject", {"feeCode": "S3-Standard-Retrieval"}),
        ("Bulk-Retrieval-Bytes", "0.0000000000", "GB", "RestoreObject", {"feeCode": "S3-Bulk-Retrieval"}),
        ("Bulk-Retrieval-Bytes", "0.005", "GB", "DeepArchiveRestoreObject", {"feeCode": "S3-Bulk-Retrieval"}),
        ("Expedited-Retrieval-Bytes", "0.036", "GB", "", {"feeCode": "S3-Expedited-Retrieval"}),
        ("Requests-Tier1", "0.0000054", "Requests", "", {"group": "S3-API-Tier1"}),
        ("Requests-Tier1", "0.0000090", "Requests", "CopyObject", {"group": "S3-API-Tier1"}),
        ("Requests-Tier2", "0.00000043", "Requests", "", {"group": "S3-API-Tier2"}),
        ("Requests-Tier3", "0.00006", "Requests", "RestoreObject", {"group": "S3-API-Tier3"}),
        ("Requests-Tier3", "0.000036", "Requests", "S3-GlacierTransition", {"group": "S3-API-Tier3"}),
        ("Requests-Tier5", "0", "Requests", "", {"group": "S3-API-Tier5"}),
        ("Requests-Tier6", "0.012", "Requests", "", {"group": "S3-API-Tier6"}),
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
    out = {
        "toLocation": "External",
        "transferType": "AWS Outbound",
        "fromLocationType": "AWS Region",
        "toLocationType": "Other",
        "toRegionCode": "",
    }
    here = {"fromLocation": region[1], "fromRegionCode": region[0]}
    file.add("DataTransfer-Out-Bytes", "0.0900000000", "GB", currency=currency, **out, **here)
    file.add("Global-DataTransfer-Out-Bytes", "0.99", "GB", currency=currency, **out, **here)
    file.add("Free-DataTransfer-Out-Bytes", "0", "GB", currency=currency, **out, **here)
    file.add(
        "AWS-Out-Bytes", "0.5", "GB", currency=currency, **(out | {"transferType": "InterRegion Outbound"}), **here
    )
    other = {"fromLocation": "Asia Pacific (Tokyo)", "fromRegionCode": "ap-northeast-1"}
    return file.add("APN1-DataTransfer-Out-Bytes", "0.114", "GB", currency=currency, **out, **other)
