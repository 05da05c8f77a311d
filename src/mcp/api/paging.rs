//! What a call for the next page of a list has to say.

use serde_json::{Map, Value};

use super::document::Paging;

impl Paging {
    /// The arguments to change for the next page; `None` where the answer is the last one. A token
    /// that is in them is taken out of the answer.
    pub(super) fn next(
        &self,
        arguments: &Map<String, Value>,
        answer: &mut Map<String, Value>,
    ) -> Option<Map<String, Value>> {
        let one = |name: &str, value: Value| Some(Map::from_iter([(name.to_owned(), value)]));
        match self.style {
            "token" => {
                let token = answer.shift_remove(self.token_field?)?;
                let is_last = token.is_null() || token.as_str() == Some("");
                if is_last { None } else { one(self.token_param?, token) }
            }
            "next-body" => match answer.shift_remove(self.token_field?)? {
                Value::Object(next) if !next.is_empty() => Some(next),
                _ => None,
            },
            "page" | "offset" => {
                let name = self.token_param?;
                let items = answer.get(self.items)?.as_array().map_or(0, Vec::len) as u64;
                let given = |arguments: &Map<String, Value>| arguments.get(name).and_then(Value::as_u64);
                let at = given(arguments).or_else(|| given(&self.defaults)).unwrap_or(1);
                let number = |key: &str| answer.get(key).and_then(Value::as_u64);
                // All that there is, where the answer says it; without, an empty page is the end.
                let (next, total) = match self.style {
                    "page" => {
                        let seen = number("page_size").map(|size| at * size);
                        (at + 1, number("count").zip(seen).map(|(count, seen)| count > seen))
                    }
                    _ => (at + items, number("totalResults").map(|total| at + items <= total)),
                };
                if items == 0 || total == Some(false) { None } else { one(name, next.into()) }
            }
            _ => None,
        }
    }

    /// How to go on, for a description.
    pub(super) fn explain(&self) -> Option<String> {
        let items = self.items;
        Some(match self.style {
            "token" | "next-body" => {
                let with = self.token_param.map(|name| format!(" (`{name}`)")).unwrap_or_default();
                format!("`{items}` come in pages: call again with what `next_page` of the answer holds{with}")
            }
            "page" | "offset" => {
                format!("`{items}` come in pages, counted by `{}` from 1", self.token_param?)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn next(paging: Value, arguments: Value, answer: Value) -> Value {
        let text: &'static str = Box::leak(paging.to_string().into_boxed_str());
        let paging: Paging = serde_json::from_str(text).unwrap();
        let (Value::Object(arguments), Value::Object(mut answer)) = (arguments, answer) else {
            unreachable!()
        };
        json!(paging.next(&arguments, &mut answer))
    }

    #[test]
    fn tokens_of_each_kind_lead_on() {
        let token = json!({ "style": "token", "items": "jobs", "token_field": "next_page_token", "token_param": "page_token" });
        assert_eq!(
            next(token.clone(), json!({}), json!({ "next_page_token": "a" })),
            json!({ "page_token": "a" })
        );
        assert_eq!(next(token.clone(), json!({}), json!({ "next_page_token": "" })), Value::Null);
        assert_eq!(next(token, json!({}), json!({ "jobs": [] })), Value::Null);
        let body = json!({ "style": "next-body", "items": "events", "token_field": "next_page" });
        let answer = json!({ "events": [1], "next_page": { "cluster_id": "c", "offset": 5 } });
        assert_eq!(next(body, json!({}), answer), json!({ "cluster_id": "c", "offset": 5 }));
    }

    #[test]
    fn counted_pages_end() {
        let offset = json!({ "style": "offset", "items": "Resources", "token_param": "startIndex" });
        let page = |total| json!({ "Resources": [1, 2], "totalResults": total });
        assert_eq!(next(offset.clone(), json!({ "startIndex": 3 }), page(9)), json!({ "startIndex": 5 }));
        assert_eq!(next(offset.clone(), json!({ "startIndex": 8 }), page(9)), Value::Null);
        assert_eq!(next(offset, json!({}), json!({ "Resources": [] })), Value::Null);
        let page =
            json!({ "style": "page", "items": "results", "token_param": "page", "defaults": { "page": 1 } });
        let answer = json!({ "results": [1], "count": 30, "page_size": 25 });
        assert_eq!(next(page.clone(), json!({}), answer.clone()), json!({ "page": 2 }));
        assert_eq!(next(page, json!({ "page": 2 }), answer), Value::Null);
    }
}
