//! EncryptedPrivateKeyInfo (RFC 5958 §3): what is asked of its reader before it is read.

use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{Decode as _, Reader as _, SliceReader};
use pkcs8::spki::AlgorithmIdentifierRef;

/// Most iterations of the function that makes a key of a passphrase, about a second: they are one call, which nothing can
/// interrupt.
const MOST_ITERATIONS: u32 = 1_000_000;

/// The second scheme of PKCS #5, whose function is named in its parameters; of the others they are salt and iterations.
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");

/// Whether this is one.
pub(super) fn is_encrypted(der: &[u8]) -> bool {
    algorithm(der).is_some()
}

/// Whether it asks for no more than is bearable.
pub(super) fn is_bearable(der: &[u8]) -> bool {
    algorithm(der).and_then(|algorithm| iterations(&algorithm)).is_some_and(|count| count <= MOST_ITERATIONS)
}

fn algorithm(der: &[u8]) -> Option<AlgorithmIdentifierRef<'_>> {
    let mut reader = SliceReader::new(der).ok()?;
    let read = reader.sequence(|reader| {
        let algorithm = AlgorithmIdentifierRef::decode(reader)?;
        OctetStringRef::decode(reader)?;
        Ok(algorithm)
    });
    read.ok()
}

fn iterations(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<u32> {
    let parameters = algorithm.parameters?;
    if algorithm.oid != PBES2 {
        return salted(parameters);
    }
    let function = parameters.sequence(|reader| {
        let function = AlgorithmIdentifierRef::decode(reader)?;
        AnyRef::decode(reader)?;
        Ok(function)
    });
    salted(function.ok()?.parameters?)
}

/// The number behind a salt; more may follow.
fn salted(parameters: AnyRef<'_>) -> Option<u32> {
    let mut reader = SliceReader::new(parameters.value()).ok()?;
    OctetStringRef::decode(&mut reader).ok()?;
    u32::decode(&mut reader).ok()
}

#[cfg(test)]
mod tests;
