//! Bodies in and out. The types of members are those that Huawei's clients decode.

mod answers;
mod bodies;

pub(super) use self::answers::{BatchImported, exported, imported, listed, shown};
pub(super) use self::bodies::{Import, batch_export, batch_import, export, import, new_key_pair};
