//! What the stand-in says when it refuses: the API's flat shape, with the texts seen from it.

use hyper::StatusCode;
use serde_json::{Value, json};

const INVALID_ARGUMENT: &str = "Client specified an invalid argument";
const NOT_FOUND: &str = "Some requested entity was not found";

/// A refusal: an HTTP status, and `{"code":"…","error":"…"}` as its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub error: String,
}

impl Refusal {
    fn invalid(error: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: INVALID_ARGUMENT,
            error: error.into(),
        }
    }

    /// The body, flat as xAI sends it.
    pub fn body(&self) -> Value {
        json!({ "code": self.code, "error": self.error })
    }

    /// 400, as xAI answers where others say 401.
    pub fn incorrect_key() -> Self {
        Self::invalid(
            "Incorrect API key provided: in*****ct. You can obtain an API key from https://console.x.ai.",
        )
    }

    pub fn model_not_found(model: &str) -> Self {
        Self::invalid(format!("Model not found: {model}"))
    }

    /// `parameter` in the camel case the API answers with, whatever was sent.
    pub fn unsupported_parameter(model: &str, parameter: &str) -> Self {
        Self::invalid(format!(
            "Model {model} does not support parameter {parameter}."
        ))
    }

    pub fn prompt_too_long(limit: u64, tokens: u64) -> Self {
        Self::invalid(format!(
            "This model's maximum prompt length is {limit} but the request contains {tokens} tokens."
        ))
    }

    pub fn bad_value(error: impl Into<String>) -> Self {
        Self::invalid(error)
    }

    pub fn live_search_is_gone() -> Self {
        Self {
            status: StatusCode::GONE,
            code: "The requested resource is no longer available",
            error: "Live search is deprecated. Please switch to the Agent Tools API.".into(),
        }
    }

    /// 400 for text that is no JSON, 422 for JSON of the wrong types.
    pub fn body_not_understood(cause: &serde_json::Error) -> Self {
        let (status, error) = if cause.is_data() {
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("Failed to deserialize the JSON body into the target type: {cause}"),
            )
        } else {
            (
                StatusCode::BAD_REQUEST,
                format!("Failed to parse the request body as JSON: {cause}"),
            )
        };
        Self {
            status,
            code: INVALID_ARGUMENT,
            error,
        }
    }

    pub fn body_too_large(limit: usize) -> Self {
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            code: "Request body is too large",
            error: format!(
                "Failed to buffer the request body: length limit of {limit} bytes exceeded"
            ),
        }
    }

    pub fn body_never_came() -> Self {
        Self {
            status: StatusCode::REQUEST_TIMEOUT,
            code: "The request timed out",
            error: "The request body did not arrive in time.".into(),
        }
    }

    pub fn body_broke_off() -> Self {
        Self::invalid("Failed to buffer the request body.")
    }

    pub fn no_such_route(path: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: NOT_FOUND,
            error: format!("The requested resource was not found: {path}"),
        }
    }

    /// Nothing is stored, so there is none to go on from.
    pub fn no_such_response(id: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: NOT_FOUND,
            error: format!("Response with id={id} not found."),
        }
    }

    pub fn wrong_method(method: &str, path: &str) -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "Method not allowed",
            error: format!("{path} does not take {method}."),
        }
    }

    pub fn invalid_image(why: &str) -> Self {
        Self::image(format!("Invalid image: {why}"))
    }

    pub fn image_side_too_small(width: u32, height: u32) -> Self {
        Self::image(format!(
            "Image dimensions {width}x{height} are too small. Both width and height must be at least 8 pixels."
        ))
    }

    pub fn image_area_too_small(width: u32, height: u32) -> Self {
        let pixels = u64::from(width) * u64::from(height);
        Self::image(format!(
            "Image has {pixels} total pixels ({width}x{height}), which is below the minimum of 512 pixels."
        ))
    }

    fn image(error: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "invalid-argument",
            error,
        }
    }

    /// Something in the stand-in itself broke while it computed an answer.
    pub fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "Internal error",
            error: "The offline stand-in failed to compute an answer.".into(),
        }
    }
}
