//! A scrape of `/metrics`, read sample by sample.

/// One scrape.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The text as served.
    pub text: String,
}

impl Metrics {
    /// The sample of `name` whose labels include all of `labels`. Panics when several do: the test meant one.
    #[must_use]
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.samples(name, labels);
        let first = found.next();
        assert!(found.next().is_none(), "several samples of {name} {labels:?} in:\n{}", self.text);
        first
    }

    /// The sum of all samples of `name` whose labels include all of `labels`; 0 when there is none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.samples(name, labels).sum()
    }

    fn samples(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = f64> {
        self.text.lines().filter_map(move |line| {
            let (key, value) = line.rsplit_once(' ')?;
            let (found, rest) = key.split_once('{').unwrap_or((key, "}"));
            let all = labels
                .iter()
                .all(|(label, value)| rest.split([',', '}']).any(|pair| pair == format!("{label}=\"{value}\"")));
            (found == name && all).then(|| value.parse().expect("a number"))
        })
    }

    /// Names of all metrics, as their `# TYPE` lines give them, with the type.
    #[must_use]
    pub fn families(&self) -> Vec<(String, String)> {
        let types = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        types.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests;
