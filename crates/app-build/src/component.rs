//! From a core module to a component, and the promise that it imports no function.

use wit_component::ComponentEncoder;

/// Why a core module is not a payment app.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The module does not carry the contract that `app_sdk::export_app!` puts in, or breaks it.
    #[error("it cannot be made a component: {0}; does it call app_sdk::export_app! ?")]
    Encoding(String),
    /// The module lacks an entry point of the contract.
    #[error("it does not export {0}; does it call app_sdk::export_app! ?")]
    NoEntry(&'static str),
    /// The module asks for functions of its surroundings; an app may not.
    #[error("it imports {0}; an app has no surroundings to ask")]
    Imports(String),
}

/// Wraps a core module that was made with `app-sdk` as a component and validates it.
///
/// # Errors
/// [`ComponentError`]: the module is the author's to repair.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>, ComponentError> {
    if let Some(import) = first_import(module) {
        return Err(ComponentError::Imports(import));
    }
    let exports = export_names(module);
    for entry in ["start", "update", "show"] {
        if !exports.iter().any(|name| name == entry) {
            return Err(ComponentError::NoEntry(entry));
        }
    }
    let encoding = |error: &dyn std::fmt::Display| ComponentError::Encoding(format!("{error:#}"));
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .map_err(|error| encoding(&error))?
        .encode()
        .map_err(|error| encoding(&error))
}

/// The first import of a core module, as "module.name"; `None` when it has none.
fn first_import(module: &[u8]) -> Option<String> {
    let (count, content) = leb128(section(module, 2)?)?;
    if count == 0 {
        return None;
    }
    let (namespace, content) = name(content)?;
    let (item, _) = name(content)?;
    Some(format!("{namespace}.{item}"))
}

/// The names of a core module's exports; none for what is no module (the encoder says so better).
fn export_names(module: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let Some((count, mut content)) = section(module, 7).and_then(leb128) else { return names };
    for _ in 0..count {
        let Some((export, after)) = name(content) else { break };
        // A kind byte and an index.
        let Some((_, after)) = after.split_first().and_then(|(_, index)| leb128(index)) else { break };
        names.push(export);
        content = after;
    }
    names
}

/// The content of a core module's section: after the preamble come sections of identifier, size, content
/// (WebAssembly core specification, "Modules" in the binary format; imports are section 2, exports section 7).
fn section(module: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rest = module.strip_prefix(b"\0asm\x01\0\0\0")?;
    loop {
        let (id, after) = rest.split_first()?;
        let (size, after) = leb128(after)?;
        let (content, after) = after.split_at_checked(size)?;
        if *id == wanted {
            return Some(content);
        }
        rest = after;
    }
}

fn name(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, bytes) = leb128(bytes)?;
    let (name, rest) = bytes.split_at_checked(length)?;
    Some((String::from_utf8_lossy(name).into_owned(), rest))
}

/// An unsigned LEB128 number of at most 32 bits.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u32;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        value |= u32::from(byte & 0x7f).checked_shl(u32::try_from(index).ok()?.checked_mul(7)?)?;
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(index.checked_add(1)?..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubbish_is_refused_with_a_reason() {
        for module in [&b"no module"[..], b"\0asm\x01\0\0\0", b"\0asm\x01\0\0\0\x07\xff\xff"] {
            assert!(matches!(componentize(module), Err(ComponentError::NoEntry("start"))));
        }
    }

    #[test]
    fn an_import_is_named() {
        // (module (type (func)) (import "wasi" "clock" (func (type 0))))
        let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0e\x01\x04wasi\x05clock\0\0";
        assert_eq!(
            componentize(module).unwrap_err().to_string(),
            "it imports wasi.clock; an app has no surroundings to ask"
        );
    }
}
