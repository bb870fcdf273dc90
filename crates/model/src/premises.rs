//! What is known of a site's premises and does not change from day to day: where they belong in the city, and what they
//! are built like. Everything may be absent; what is absent is shown as not known.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;

/// So many levels of districts, e.g. city, county, township, street.
pub const DISTRICT_LEVELS_MAX: usize = 6;
/// The longest path of a district, in bytes.
pub const DISTRICT_BYTES_MAX: usize = 128;

/// The standing facts of a site's premises.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Premises {
    /// The district it belongs to.
    pub district: Option<DistrictPath>,
    /// The building it is a part of, where several sites are in one: a name that is unique in the district.
    pub building: Option<CompactString>,
    /// The year in which it was built or last rebuilt.
    pub built: Option<u16>,
    /// Height of the building, in metres.
    pub height_m: Option<u16>,
    /// Fire resistance class (耐火等级, GB 50016): 1, the best, to 4.
    pub fire_resistance: Option<u8>,
    /// Whether walls, insulation or facade can burn.
    pub combustible_walls: Option<bool>,
    /// How many people live or sleep there.
    pub residents: Option<u32>,
}

/// A district and those it lies in, from the city down, separated by `/`: `烟台市/莱山区/黄海路街道`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct DistrictPath(CompactString);

/// The text is not the path of a district.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a district: use 1 to {DISTRICT_LEVELS_MAX} names from the city down with `/` between them, at most \
     {DISTRICT_BYTES_MAX} bytes, without control characters"
)]
pub struct NotADistrict(pub String);

impl DistrictPath {
    /// Checks the text.
    ///
    /// # Errors
    /// When it is not of the documented form.
    pub fn new(text: &str) -> Result<DistrictPath, NotADistrict> {
        let bad_level = |level: &str| level.trim() != level || level.is_empty() || level.chars().any(char::is_control);
        let too_much = text.len() > DISTRICT_BYTES_MAX || text.split('/').count() > DISTRICT_LEVELS_MAX;
        if too_much || text.split('/').any(bad_level) {
            return Err(NotADistrict(text.to_owned()));
        }
        Ok(DistrictPath(CompactString::new(text)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The district it lies in.
    pub fn parent(&self) -> Option<DistrictPath> {
        self.0.rsplit_once('/').map(|(parent, _)| DistrictPath(CompactString::new(parent)))
    }
}

impl fmt::Display for DistrictPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for DistrictPath {
    type Err = NotADistrict;
    fn from_str(text: &str) -> Result<DistrictPath, NotADistrict> {
        DistrictPath::new(text)
    }
}

impl TryFrom<CompactString> for DistrictPath {
    type Error = NotADistrict;
    fn try_from(text: CompactString) -> Result<DistrictPath, NotADistrict> {
        DistrictPath::new(&text)
    }
}

impl From<DistrictPath> for CompactString {
    fn from(path: DistrictPath) -> CompactString {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn districts_lie_in_districts() {
        let street = DistrictPath::new("烟台市/莱山区/黄海路街道").unwrap();
        assert_eq!(street.parent().unwrap().as_str(), "烟台市/莱山区");
        assert_eq!(DistrictPath::new("烟台市").unwrap().parent(), None);
        for bad in ["", "/", "a/", "/a", "a//b", "a\n", " a", "a/b/c/d/e/f/g", &"长".repeat(43)] {
            assert!(DistrictPath::new(bad).is_err(), "{bad:?}");
        }
    }
}
