//! A table of the standard as an enum: a code, and the words in English and Chinese. A code that is in no row is
//! reserved by the standard or a maker's own, and stays a number.

macro_rules! code_table {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $code:literal $en:literal $zh:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name {
            $(#[doc = $en] $variant = $code,)*
        }

        impl $name {
            /// Every row.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The row of that code.
            pub fn from_code(code: u8) -> Option<$name> {
                match code { $($code => Some($name::$variant),)* _ => None }
            }

            /// The code.
            pub fn code(self) -> u8 {
                match self { $($name::$variant => $code,)* }
            }

            /// The standard's words.
            pub fn words(self) -> watchfire_model::Bilingual {
                match self { $($name::$variant => watchfire_model::Bilingual::new($en, $zh),)* }
            }
        }
    };
}

pub(super) use code_table;
