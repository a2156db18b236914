//! Values that JavaScript knows by numbers. A number is used again when its value is gone.

/// The values of one kind.
pub(super) struct Numbered<T> {
    places: Vec<Option<T>>,
    /// Places in `places` that are free.
    free: Vec<usize>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Numbered<T> {
    /// A number for a value that [`Numbered::put`] brings.
    pub(super) fn reserve(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        })
    }

    /// Puts the value of a number that is reserved or lent.
    pub(super) fn put(&mut self, number: usize, value: T) {
        if let Some(place) = self.places.get_mut(number) {
            *place = Some(value);
        }
    }

    pub(super) fn get(&self, number: usize) -> Option<&T> {
        self.places.get(number)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.places.get_mut(number)?.as_mut()
    }

    /// Takes a value out that will be put back.
    pub(super) fn lend(&mut self, number: usize) -> Option<T> {
        self.places.get_mut(number)?.take()
    }

    /// Takes a value out for good.
    pub(super) fn take(&mut self, number: usize) -> Option<T> {
        let value = self.lend(number)?;
        self.free.push(number);
        Some(value)
    }
}

#[cfg(test)]
mod tests;
