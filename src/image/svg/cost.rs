//! What a drawing would take, reckoned before it is drawn.

use std::collections::HashMap;

use resvg::usvg::filter::Kind;
use resvg::usvg::roxmltree::{Document, Node, NodeId};
use resvg::usvg::{self, Group, Paint, Pattern, Tree};

use crate::image::LoadError;

/// Elements, signs of text and data may come to so many, with all that is used over and over.
const MAX_WEIGHT: u64 = 1_000_000;

/// Elements may lie so deep in each other.
const MAX_DEPTH: u32 = 200;

/// Rules of style times elements.
const MAX_STYLING: usize = 50_000_000;

/// Pixels written one after the other: seconds.
const MAX_WORK: f64 = 3e9;

/// Pixels held at one time, at four bytes each.
const MAX_HELD: f64 = 64e6;

/// Refuses a document that unfolds to too much: things that use others, which use others.
pub fn check_document(document: &Document) -> Result<(), LoadError> {
    let elements = document.descendants().filter(Node::is_element);
    let styles: String = elements
        .clone()
        .filter(|element| element.tag_name().name() == "style")
        .flat_map(|style| style.children().filter_map(|text| text.text()))
        .collect();
    if styles.matches('{').count() * elements.clone().count() > MAX_STYLING {
        return Err(LoadError::Intricate);
    }
    let by_id: HashMap<_, _> = elements
        .clone()
        .filter_map(|element| Some((element.attribute("id")?, element)))
        .collect();
    let used_by_style = styles.split("url(").skip(1).flat_map(references);
    let mut weights = Weights {
        used_by_style: used_by_style
            .filter_map(|id| by_id.get(id).copied())
            .collect(),
        by_id,
        known: HashMap::new(),
        vertex: 0,
    };
    let mut vertex = 0;
    for marker in elements.filter(|element| element.tag_name().name() == "marker") {
        vertex = weights.of(marker, 0)?.max(vertex);
    }
    weights.known.clear();
    weights.vertex = vertex;
    let weight = weights.of(document.root_element(), 0)?;
    fits(weight <= MAX_WEIGHT)
}

/// What elements weigh with all they hold and refer to.
struct Weights<'a, 'input> {
    by_id: HashMap<&'a str, Node<'a, 'input>>,
    /// What any element may refer to by way of its class.
    used_by_style: Vec<Node<'a, 'input>>,
    known: HashMap<NodeId, u64>,
    /// What a marker adds to each vertex of a path.
    vertex: u64,
}

impl<'a, 'input> Weights<'a, 'input> {
    fn of(&mut self, node: Node<'a, 'input>, depth: u32) -> Result<u64, LoadError> {
        fits(depth <= MAX_DEPTH)?;
        if let Some(known) = self.known.get(&node.id()) {
            return Ok(*known);
        }
        // What leads back to itself is cut there.
        self.known.insert(node.id(), 0);
        let mut weight = self.alone(node);
        let name = node.tag_name().name();
        if name != "style" {
            for child in node.children() {
                weight = weight.saturating_add(self.of(child, depth + 1)?);
            }
        }
        if node.is_element() && name != "a" {
            for used in self.used_by(node) {
                weight = weight.saturating_add(self.of(used, depth + 1)?);
            }
        }
        self.known.insert(node.id(), weight);
        Ok(weight)
    }

    /// A sign of text becomes a shape, a few of a path's become one vertex.
    fn alone(&self, node: Node) -> u64 {
        if node.is_text() {
            let text = node.text().unwrap_or_default();
            return 8 * text.split_whitespace().map(str::len).sum::<usize>() as u64;
        }
        let vertices: usize = node
            .attributes()
            .filter(|attribute| matches!(attribute.name(), "d" | "points"))
            .map(|attribute| attribute.value().len() / 4)
            .sum();
        let length: usize = node.attributes().map(|a| a.value().len()).sum();
        let markers = (vertices as u64).saturating_mul(self.vertex);
        markers.saturating_add(1 + length as u64 / 16)
    }

    fn used_by(&self, node: Node) -> Vec<Node<'a, 'input>> {
        let by_attributes = node
            .attributes()
            .filter(|attribute| attribute.name() != "id" && attribute.value().len() < 10_000)
            .flat_map(|attribute| references(attribute.value()))
            .filter_map(|id| self.by_id.get(id).copied());
        let by_style = self.used_by_style.iter().copied();
        by_attributes.chain(by_style).collect()
    }
}

/// What stands after each `#`, as far as an id goes. A colour may be among them.
fn references(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "\"')(,;{}".contains(c);
    let after = text.split('#').skip(1);
    after.map(move |rest| rest.split(ends).next().unwrap_or_default())
}

/// Refuses a drawing that takes too much time or memory in `width` by `height` pixels, `scale`
/// of them to a unit of its own.
pub fn check_drawing(tree: &Tree, width: u32, height: u32, scale: f32) -> Result<(), LoadError> {
    let canvas = Surface {
        pixels: f64::from(width) * f64::from(height),
        scale: f64::from(scale),
    };
    let cost = of_group(tree.root(), canvas);
    fits(cost.work <= MAX_WORK && cost.held <= MAX_HELD)
}

fn fits(does: bool) -> Result<(), LoadError> {
    if does {
        Ok(())
    } else {
        Err(LoadError::Intricate)
    }
}

/// What is drawn on: so large, and so many pixels to a unit of the drawing.
#[derive(Clone, Copy)]
struct Surface {
    pixels: f64,
    scale: f64,
}

impl Surface {
    /// The pixels of a box, a few more at its edges, and none outside of the surface.
    fn of(self, width: f32, height: f32) -> f64 {
        let side = |length: f32| f64::from(length) * self.scale + 4.0;
        (side(width) * side(height)).min(self.pixels)
    }

    fn scaled(self, transform: usvg::Transform) -> f64 {
        let (across, down) = transform.get_scale();
        self.scale * f64::from(across.max(down))
    }
}

/// In pixels.
#[derive(Clone, Copy, Default)]
struct Cost {
    work: f64,
    held: f64,
}

impl Cost {
    /// One after the other: what the first held is free again.
    fn then(self, next: Self) -> Self {
        Self {
            work: self.work + next.work,
            held: self.held.max(next.held),
        }
    }

    /// This on a layer of its own.
    fn on_layer(self, pixels: f64) -> Self {
        Self {
            work: self.work + 2.0 * pixels,
            held: self.held + pixels,
        }
    }
}

fn of_group(group: &Group, surface: Surface) -> Cost {
    let of_children = |surface| {
        let nodes = group.children().iter();
        nodes.fold(Cost::default(), |cost, node| {
            cost.then(of_node(node, surface))
        })
    };
    if !group.should_isolate() {
        return of_children(surface);
    }
    let bounds = group.abs_layer_bounding_box();
    // A layer may reach two widths and heights over each edge.
    let room = Surface {
        pixels: surface.pixels * 25.0,
        ..surface
    };
    let pixels = room.of(bounds.width(), bounds.height());
    let layer = Surface { pixels, ..surface };
    let inner = Surface {
        scale: surface.scaled(group.abs_transform()),
        ..layer
    };
    let mut cost = of_children(layer);
    for filter in group.filters() {
        let mut all = Cost::default();
        for primitive in filter.primitives() {
            all.work += pixels * effort(primitive.kind(), inner);
            // Results are kept until the last is made.
            all.held += pixels;
        }
        cost = cost.then(all.on_layer(pixels));
    }
    let mut clip = group.clip_path();
    let mut depth = 0.0;
    while let Some(path) = clip {
        depth += pixels;
        cost = cost.then(of_group(path.root(), inner).on_layer(pixels + depth));
        clip = path.clip_path();
    }
    let mut mask = group.mask();
    while let Some(it) = mask {
        depth += pixels;
        cost = cost.then(of_group(it.root(), inner).on_layer(pixels + depth));
        mask = it.mask();
    }
    cost.on_layer(pixels)
}

fn of_node(node: &usvg::Node, surface: Surface) -> Cost {
    match node {
        usvg::Node::Group(group) => of_group(group, surface),
        usvg::Node::Text(text) => of_group(text.flattened(), surface),
        usvg::Node::Image(image) => {
            let (size, bounds) = (image.size(), image.abs_bounding_box());
            let decoded = f64::from(size.width()) * f64::from(size.height());
            Cost {
                work: 8.0 * decoded + 8.0 * surface.of(bounds.width(), bounds.height()),
                held: decoded,
            }
        }
        usvg::Node::Path(path) => of_path(path, surface),
    }
}

fn of_path(path: &usvg::Path, surface: Surface) -> Cost {
    let bounds = path.abs_stroke_bounding_box();
    let pixels = surface.of(bounds.width(), bounds.height());
    let segments = f64::from(u32::try_from(path.data().len()).unwrap_or(u32::MAX));
    let mut cost = Cost {
        work: 2.0 * pixels + 64.0 * segments,
        held: 0.0,
    };
    let dashes = path.stroke().and_then(usvg::Stroke::dasharray);
    if let Some(dashes) = dashes {
        let period = f64::from(dashes.iter().sum::<f32>()).max(f64::MIN_POSITIVE);
        let plain = path.bounding_box();
        let longest = f64::from(plain.width()) + f64::from(plain.height());
        // The library stops at a million.
        cost.work += 64.0 * (segments * longest / period).min(1e6);
    }
    let paints = [
        path.fill().map(usvg::Fill::paint),
        path.stroke().map(usvg::Stroke::paint),
    ];
    let inner = surface.scaled(path.abs_transform());
    for paint in paints.into_iter().flatten() {
        if let Paint::Pattern(pattern) = paint {
            let tile = Surface {
                scale: inner,
                ..surface
            };
            cost = cost.then(of_pattern(pattern, tile));
        }
    }
    cost
}

fn of_pattern(pattern: &Pattern, surface: Surface) -> Cost {
    let scale = surface.scaled(pattern.transform());
    let rect = pattern.rect();
    let pixels = f64::from(rect.width()) * scale * f64::from(rect.height()) * scale;
    of_group(pattern.root(), Surface { pixels, scale }).on_layer(pixels)
}

/// How much longer a filter takes than to write a pixel.
fn effort(kind: &Kind, surface: Surface) -> f64 {
    let across = |length: f32| 1.0 + 2.0 * f64::from(length) * surface.scale;
    match kind {
        Kind::Turbulence(noise) => 20.0 * f64::from(noise.num_octaves()),
        Kind::ConvolveMatrix(it) => {
            4.0 * f64::from(it.matrix().columns()) * f64::from(it.matrix().rows())
        }
        Kind::Morphology(it) => across(it.radius_x().get()) * across(it.radius_y().get()),
        Kind::Image(it) => 8.0 + of_group(it.root(), surface).work / surface.pixels.max(1.0),
        Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 40.0,
        Kind::GaussianBlur(_) | Kind::DropShadow(_) => 30.0,
        _ => 10.0,
    }
}
