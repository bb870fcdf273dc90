//! Comma-separated text as spreadsheets write it (RFC 4180): fields in double quotes may hold commas, line ends and doubled
//! quotation marks; lines end with LF or CRLF.

/// The records of a CSV text, each with the line that it begins in.
pub(super) struct Records<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Records<'t> {
    pub(super) fn of(text: &'t str) -> Records<'t> {
        Records { rest: text, line: 1 }
    }

    /// The next field, and whether the record goes on behind it.
    fn field(&mut self) -> Result<(String, bool), String> {
        let Some(mut quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
            let (field, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
            self.rest = rest;
            return Ok((field.trim_end_matches('\r').to_owned(), self.goes_on()?));
        };
        let mut field = String::new();
        loop {
            let Some((part, rest)) = quoted.split_once('"') else {
                self.rest = "";
                return Err("has a quotation mark that is not closed".into());
            };
            self.line += part.matches('\n').count();
            field.push_str(part);
            match rest.strip_prefix('"') {
                Some(after) => {
                    field.push('"');
                    quoted = after;
                }
                None => {
                    self.rest = rest;
                    return Ok((field, self.goes_on()?));
                }
            }
        }
    }

    fn goes_on(&mut self) -> Result<bool, String> {
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            return Ok(true);
        }
        let ended = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n'));
        match ended {
            Some(rest) => self.rest = rest,
            None if self.rest.is_empty() => {}
            None => {
                let end = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
                self.rest = self.rest.get(end..).unwrap_or_default();
                self.line += 1;
                return Err("has text behind a quotation mark".into());
            }
        }
        self.line += 1;
        Ok(false)
    }
}

impl Iterator for Records<'_> {
    type Item = (usize, Result<Vec<String>, String>);

    fn next(&mut self) -> Option<(usize, Result<Vec<String>, String>)> {
        if self.rest.is_empty() {
            return None;
        }
        let begin = self.line;
        let mut fields = Vec::new();
        loop {
            match self.field() {
                Ok((field, goes_on)) => {
                    fields.push(field);
                    if !goes_on {
                        return Some((begin, Ok(fields)));
                    }
                }
                Err(why) => return Some((begin, Err(why))),
            }
        }
    }
}
