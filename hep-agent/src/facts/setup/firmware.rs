//! What the firmware says of the machine (the kernel's DMI tables).

use super::super::host::Host;
use serde_json::{Map, Value as Json};

/// A fact, its file, and what `dmidecode` calls it.
const TABLE: [(&str, &str, &str); 18] = [
    ("bios_date", "bios_date", "bios-release-date"),
    ("bios_vendor", "bios_vendor", "bios-vendor"),
    ("bios_version", "bios_version", "bios-version"),
    ("board_asset_tag", "board_asset_tag", "baseboard-asset-tag"),
    ("board_name", "board_name", "baseboard-product-name"),
    ("board_serial", "board_serial", "baseboard-serial-number"),
    ("board_vendor", "board_vendor", "baseboard-manufacturer"),
    ("board_version", "board_version", "baseboard-version"),
    ("chassis_asset_tag", "chassis_asset_tag", "chassis-asset-tag"),
    ("chassis_serial", "chassis_serial", "chassis-serial-number"),
    ("chassis_vendor", "chassis_vendor", "chassis-manufacturer"),
    ("chassis_version", "chassis_version", "chassis-version"),
    (FORM_FACTOR, "chassis_type", "chassis-type"),
    ("product_name", "product_name", "system-product-name"),
    ("product_serial", "product_serial", "system-serial-number"),
    ("product_uuid", "product_uuid", "system-uuid"),
    ("product_version", "product_version", "system-version"),
    ("system_vendor", "sys_vendor", "system-manufacturer"),
];

const FORM_FACTOR: &str = "form_factor";

/// Where the kernel shows them.
pub(super) const DIRECTORY: &str = "sys/devices/virtual/dmi/id";

/// The types of a chassis by their numbers (SMBIOS reference specification, 7.4.1).
const CHASSIS: [&str; 37] = [
    "Unknown",
    "Other",
    "Unknown",
    "Desktop",
    "Low Profile Desktop",
    "Pizza Box",
    "Mini Tower",
    "Tower",
    "Portable",
    "Laptop",
    "Notebook",
    "Hand Held",
    "Docking Station",
    "All In One",
    "Sub Notebook",
    "Space-saving",
    "Lunch Box",
    "Main Server Chassis",
    "Expansion Chassis",
    "Sub Chassis",
    "Bus Expansion Chassis",
    "Peripheral Chassis",
    "RAID Chassis",
    "Rack Mount Chassis",
    "Sealed-case PC",
    "Multi-system",
    "CompactPCI",
    "AdvancedTCA",
    "Blade",
    "Blade Enclosure",
    "Tablet",
    "Convertible",
    "Detachable",
    "IoT Gateway",
    "Embedded PC",
    "Mini PC",
    "Stick PC",
];

pub(super) fn facts(host: &Host) -> Map<String, Json> {
    let is_shown = host.exists(&format!("{DIRECTORY}/product_name"));
    let facts = TABLE.iter().map(|(name, file, asked)| {
        let value = if is_shown { shown(host, name, file) } else { decoded(host, asked) };
        ((*name).to_owned(), value.unwrap_or_else(|| "NA".to_owned()).into())
    });
    facts.collect()
}

fn shown(host: &Host, name: &str, file: &str) -> Option<String> {
    let value = host.value(&format!("{DIRECTORY}/{file}"))?;
    if name != FORM_FACTOR {
        return Some(value);
    }
    let kind = value.parse::<usize>().ok().and_then(|number| CHASSIS.get(number));
    Some(kind.map_or_else(|| format!("unknown ({value})"), |kind| (*kind).to_owned()))
}

fn decoded(host: &Host, asked: &str) -> Option<String> {
    let ran = host.ask("dmidecode", &["-s", asked]).filter(|ran| ran.code == Some(0))?;
    Some(ran.stdout.lines().filter(|line| !line.starts_with('#')).collect())
}
