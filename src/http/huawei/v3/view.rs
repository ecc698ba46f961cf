//! Bodies in and out. The types of members are those that Huawei's clients decode.

mod answers;
mod bodies;

pub(in crate::http::huawei) use self::answers::{BatchImported, Detail, List, Named, Released};
pub(super) use self::answers::{exported, imported, listed, shown};
pub(super) use self::bodies::{Import, batch_export, batch_import, export, import, new_key_pair};
pub(in crate::http::huawei) use self::bodies::{LARGEST_BATCH, LONGEST_NAME};
