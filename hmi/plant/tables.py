"""The ten tables of the plant database, mapped exactly as they are.

They belong to the vision system: this metadata is used for reading, for the contract check and for making
demo and test plants, never to create anything in a real plant database. Odd spellings
(`supression_timestamp`) are the plant's own.
"""

from sqlalchemy import (
    REAL,
    VARCHAR,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import JSON

metadata = MetaData()

#: SQLite only numbers rows by itself when the key is spelt INTEGER.
_BigId = BigInteger().with_variant(Integer(), "sqlite")
_Json = JSON().with_variant(JSONB(), "postgresql")

CAMERAS = Table(
    "Cameras",
    metadata,
    Column("serial_number", Text, primary_key=True),
    Column("group_id", Integer),
    Column("sub_group", Integer),
    Column("ip", Text),
)

TRIGGERS = Table(
    "Triggers",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("timestamp", DateTime(timezone=True)),
    Column("label", Integer),
    Column("part_instance", Text),
    Column("belt", Text),
    Column("part", Text),
)

IMAGES = Table(
    "Images",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("trigger", BigInteger),
    Column("width", Integer),
    Column("height", Integer),
    Column("camera", Text),
    Column("media_id", Text),
    Column("image", Text),
    Column("ether_checked", Boolean),
)

DEFECTS = Table(
    "Defects",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("image", BigInteger),
    Column("x", Integer),
    Column("y", Integer),
    Column("width", Integer),
    Column("height", Integer),
    Column("confidence", REAL),
    Column("type", Text),
    Column("hand", Text),
    Column("uss_reviewed", Boolean),
    Column("system_generated", Boolean),
    Column("disposition", Text),
    Column("dispositioned_at", DateTime(timezone=True)),
    Column("supression_timestamp", DateTime(timezone=True)),
    Column("mode", Text),
    Column("iv_updated", Boolean),
    Column("metadata", _Json),
)

SUPPRESSED_DEFECTS = Table(
    "Suppressed_Defects",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("defect", BigInteger),
    Column("suppressed_by", BigInteger),
    Column("similarity", Numeric),
)

CURRENT_PART = Table(
    "Current_Part",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("timestamp", DateTime(timezone=True)),
    Column("belt", Text),
    Column("part", Text),
)

PART_INFORMATION = Table(
    "Part_Information",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", Text),
    Column("part_name", Text),
    Column("part_number", Text),
    Column("packout_amount", Integer),
    Column("length", Numeric),
    Column("job_num", Text),
)

HUMAN_INSPECT = Table(
    "HumanInspect",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("scan_id", Text),
    Column("part_suffix", Text),
    Column("serial_no", Text),
    Column("julian_date", Text),
    Column("cast_id_1", Integer),
    Column("cast_id_2", Integer),
    Column("cast_id_3", Integer),
    Column("defect_area", Text),
    Column("size", Text),
    Column("impreg", Text),
    Column("location_row", Integer),
    Column("location_column", Integer),
    Column("pass_fail", Text),
    Column("scan_datetime", DateTime),
    Column("file_name", Text),
    Column("created_at", DateTime),
)

OUTFLOW = Table(
    "Outflow",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("job_num", Integer),
    Column("total_outflow", Integer),
    Column("job_start", DateTime),
    Column("job_end", DateTime),
    Column("created_at", DateTime),
    UniqueConstraint("job_num", "job_start"),
)

PROCESSED_FILES = Table(
    "processed_files",
    metadata,
    Column("filename", VARCHAR, primary_key=True),
    Column("processed_at", DateTime, nullable=False),
)
