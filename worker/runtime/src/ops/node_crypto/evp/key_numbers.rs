//! Keys as the numbers that they consist of (RFC 7518 §6, RFC 8037).

#![expect(unsafe_code, reason = "C functions")]

use std::ptr::{null, null_mut};

use aws_lc_sys::{
    EC_GROUP_get_degree, EC_KEY_check_key, EC_KEY_get0_group, EC_KEY_get0_private_key, EC_KEY_get0_public_key,
    EC_KEY_set_private_key, EC_KEY_set_public_key_affine_coordinates, EC_POINT_get_affine_coordinates,
    EVP_PKEY_get_raw_private_key, EVP_PKEY_get_raw_public_key, EVP_PKEY_get0_EC_KEY, RSA_get0_crt_params,
    RSA_get0_factors, RSA_get0_key,
};
use pkcs1::der::Encode as _;
use pkcs1::{RsaPrivateKey, RsaPublicKey, UintRef};
use zeroize::Zeroizing;

use super::curve::Curve;
use super::key::{Kind, Pkey};
use super::key_forms::Form;
use super::{Number, done, number_bytes, padded_bytes};

type Bytes = Zeroizing<Vec<u8>>;

impl Pkey {
    /// Of RSA: n, e and of a private key d, p, q, dp, dq, qi; of a curve x, y and d; of the others x and d.
    pub(in crate::ops::node_crypto) fn numbers(&self, private: bool) -> Option<Vec<Bytes>> {
        match self.kind()? {
            Kind::Rsa | Kind::RsaPss => self.rsa_numbers(private),
            Kind::Ec => self.ec_numbers(private),
            Kind::Ed25519 | Kind::X25519 => {
                let mut numbers = vec![self.octets(false)?];
                if private {
                    numbers.push(self.octets(true)?);
                }
                Some(numbers)
            }
        }
    }

    fn rsa_numbers(&self, private: bool) -> Option<Vec<Bytes>> {
        let rsa = self.rsa()?;
        let mut numbers = [null(); 8];
        let [n, e, d, p, q, dp, dq, qi] = &mut numbers;
        // SAFETY: the key lives, and its numbers as long as it.
        unsafe {
            RSA_get0_key(rsa, n, e, d);
            RSA_get0_factors(rsa, p, q);
            RSA_get0_crt_params(rsa, dp, dq, qi);
        }
        numbers.iter().take(if private { 8 } else { 2 }).map(|number| number_bytes(*number)).collect()
    }

    fn ec_numbers(&self, private: bool) -> Option<Vec<Bytes>> {
        self.curve()?;
        let (x, y) = (Number::zero()?, Number::zero()?);
        // SAFETY: the key is one of a curve, with a point; what belongs to it lives as long as it.
        let (length, private_number) = unsafe {
            let key = EVP_PKEY_get0_EC_KEY(self.as_ptr());
            let (group, point) = (EC_KEY_get0_group(key), EC_KEY_get0_public_key(key));
            if point.is_null() {
                return None;
            }
            done(EC_POINT_get_affine_coordinates(group, point, x.ptr(), y.ptr(), null_mut()))?;
            (usize::try_from(EC_GROUP_get_degree(group).div_ceil(8)).ok()?, EC_KEY_get0_private_key(key))
        };
        let mut numbers = vec![padded_bytes(x.ptr(), length)?, padded_bytes(y.ptr(), length)?];
        if private {
            numbers.push(padded_bytes(private_number, length)?);
        }
        Some(numbers)
    }

    fn octets(&self, private: bool) -> Option<Bytes> {
        let read = if private { EVP_PKEY_get_raw_private_key } else { EVP_PKEY_get_raw_public_key };
        let mut bytes = Zeroizing::new(vec![0; 32]);
        let mut length = bytes.len();
        // SAFETY: the key lives; no more is written than there is room.
        done(unsafe { read(self.as_ptr(), bytes.as_mut_ptr(), &raw mut length) })?;
        (length == bytes.len()).then_some(bytes)
    }

    /// What [`Pkey::numbers`] gives, of RSA; checked as far as can be.
    pub(in crate::ops::node_crypto) fn from_rsa_numbers(numbers: &[Bytes]) -> Option<Self> {
        let numbers: Vec<_> = numbers.iter().map(|number| UintRef::new(number).ok()).collect::<Option<_>>()?;
        match *numbers.as_slice() {
            [modulus, public_exponent] => {
                let der = RsaPublicKey { modulus, public_exponent }.to_der().ok()?;
                Self::from_der(Form::Pkcs1, false, &der, None)
            }
            [modulus, public_exponent, private_exponent, prime1, prime2, exponent1, exponent2, coefficient] => {
                let key = RsaPrivateKey {
                    modulus,
                    public_exponent,
                    private_exponent,
                    prime1,
                    prime2,
                    exponent1,
                    exponent2,
                    coefficient,
                    other_prime_infos: None,
                };
                Self::from_der(Form::Pkcs1, true, &Zeroizing::new(key.to_der().ok()?), None)
            }
            _ => None,
        }
    }

    /// x, y and, of a private key, d; checked to be of the curve.
    pub(in crate::ops::node_crypto) fn from_ec_numbers(curve: Curve, numbers: &[Bytes]) -> Option<Self> {
        let key = curve.new_key()?;
        let [x, y, rest @ ..] = numbers else { return None };
        let (x, y) = (Number::from_bytes(x)?, Number::from_bytes(y)?);
        if let [private] = rest {
            let private = Number::from_bytes(private)?;
            // SAFETY: key and number live; the key has a copy of the number.
            done(unsafe { EC_KEY_set_private_key(key.as_ptr(), private.ptr()) })?;
        }
        // SAFETY: key and numbers live.
        done(unsafe { EC_KEY_set_public_key_affine_coordinates(key.as_ptr(), x.ptr(), y.ptr()) })?;
        // SAFETY: the key lives.
        done(unsafe { EC_KEY_check_key(key.as_ptr()) })?;
        Self::from_ec(&key)
    }
}
