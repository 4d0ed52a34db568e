use super::arrival::Pixels;
use super::geometry::{maps_of, resized_size};
use super::step::{Filter, Halves};
use super::*;
use crate::gemm::Instructions;
use crate::threads::Mode;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    filter: Filter,
    from: [usize; 2],
    to: [usize; 2],
    hex: String,
}

#[derive(Deserialize)]
struct Goldens {
    cases: Vec<Golden>,
}

/// The formula of `make_goldens.py`.
fn pixel(x: usize, y: usize, channel: usize) -> u8 {
    if (x / 5 + y / 3 + channel).is_multiple_of(4) {
        return 255 * ((x * y + channel) % 2) as u8;
    }
    ((x * 7 + y * 13 + channel * 29 + (x * x * 3 + y * y) % 17 * 9) % 256) as u8
}

fn image(width: usize, height: usize, channels: usize) -> Image<'static> {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let data = pixels.flat_map(|(x, y)| (0..channels).map(move |channel| if channel == 3 { 77 } else { pixel(x, y, channel) }));
    Image::new(width, height, channels, &data.collect::<Vec<_>>()).unwrap()
}

fn normalise() -> RecipeStep {
    RecipeStep::Normalise { scale: 1.0, mean: vec![0.0; 3], deviation: vec![1.0; 3] }
}

fn resize(filter: Filter, width: usize, height: usize) -> RecipeStep {
    RecipeStep::Resize { filter, width, height }
}

fn run_with(recipe: Vec<RecipeStep>, image: &Image, width: usize, height: usize, instructions: Instructions) -> Vec<f32> {
    let recipe = Recipe::new("test", &recipe, [height, width, 3]).unwrap();
    let mut y = vec![f32::NAN; width * height * 3];
    recipe.run(Mode::Sequential, image, &mut y, instructions).unwrap();
    let mut parallel = vec![f32::NAN; y.len()];
    let team = crate::threads::Team::new(2).unwrap();
    team.awake(|| recipe.run(Mode::Parallel(&team), image, &mut parallel, instructions)).unwrap();
    assert_eq!(y, parallel);
    y
}

fn run(recipe: Vec<RecipeStep>, image: &Image, width: usize, height: usize) -> Vec<f32> {
    run_with(recipe, image, width, height, Instructions::detect())
}

#[test]
fn resizes_equal_pillow_to_the_bit() {
    let goldens: Goldens = serde_json::from_str(include_str!("../../goldens/pillow.json")).unwrap();
    assert_eq!(goldens.cases.len(), 26);
    for &Golden { filter, from, to, ref hex } in &goldens.cases {
        let expected: Vec<f32> = (0..hex.len() / 2).map(|at| f32::from(u8::from_str_radix(&hex[at * 2..][..2], 16).unwrap())).collect();
        for instructions in Instructions::all() {
            for channels in [3, 4] {
                let recipe = vec![resize(filter, to[0], to[1]), normalise()];
                let y = run_with(recipe, &image(from[0], from[1], channels), to[0], to[1], instructions);
                assert!(y == expected, "{filter:?} {from:?} to {to:?}, {channels} channels, {instructions:?}");
            }
        }
    }
}

/// Colours under an alpha that varies.
fn seen_through(width: usize, height: usize) -> Image<'static> {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let data = pixels.flat_map(|(x, y)| [pixel(x, y, 0), pixel(x, y, 1), pixel(x, y, 2), ((y * width + x) * 37 % 256) as u8]);
    Image::new(width, height, 4, &data.collect::<Vec<_>>()).unwrap()
}

/// Of sizes that end inside what wide kernels take at once, larger and smaller.
#[test]
fn all_instructions_give_the_same_bytes() {
    let filters = [Filter::PillowBox, Filter::PillowBilinear, Filter::PillowBicubic, Filter::PillowLanczos];
    for (from, to) in
        [([1, 1], [3, 5]), ([5, 4], [33, 18]), ([61, 47], [17, 13]), ([200, 90], [32, 21]), ([700, 6], [1, 5]), ([9, 300], [31, 2])]
    {
        let opaque = image(from[0], from[1], 3);
        let seen = seen_through(from[0], from[1]);
        for (filter, image, last) in
            filters.iter().flat_map(|&filter| [(filter, &opaque, None), (filter, &seen, Some(RecipeStep::DropAlpha))])
        {
            let resized = [Some(resize(filter, to[0], to[1])), last, Some(normalise())].into_iter().flatten().collect::<Vec<_>>();
            let expected = run_with(resized.clone(), image, to[0], to[1], Instructions::Portable);
            for instructions in Instructions::all() {
                let y = run_with(resized.clone(), image, to[0], to[1], instructions);
                assert!(y == expected, "{filter:?} {from:?} to {to:?}, {} channels, {instructions:?}", image.channels);
            }
        }
        let blurred = vec![RecipeStep::GaussianBlur { sigma: 1.3 }, normalise()];
        let expected = run_with(blurred.clone(), &opaque, from[0], from[1], Instructions::Portable);
        assert!(Instructions::all().into_iter().all(|with| run_with(blurred.clone(), &opaque, from[0], from[1], with) == expected));
    }
}

#[test]
fn an_image_narrowed_as_it_comes_ends_as_one_that_was_copied() {
    let crop = RecipeStep::CentreCrop { width: 19, height: 17, halves: Halves::Even };
    let short_side = RecipeStep::ResizeShortSide { filter: Filter::PillowLanczos, size: 20 };
    let letterbox = RecipeStep::Letterbox { filter: Filter::PillowBicubic, width: 19, height: 17, value: 9 };
    let back = vec![RecipeStep::ResizeAndBack { filter: Filter::PillowBilinear, factor: 0.5 }, crop.clone(), RecipeStep::DropAlpha];
    for recipe in [vec![short_side.clone(), crop.clone()], vec![short_side, crop.clone(), RecipeStep::DropAlpha], vec![letterbox], back] {
        let recipe = Recipe::new("test", &[recipe, vec![normalise()]].concat(), [17, 19, 3]).unwrap();
        for image in [image(90, 61, 3), seen_through(90, 61)] {
            let Pixels::Whole(data) = &image.pixels else { panic!("a new image is whole") };
            let picture = Picture { width: 90, height: 61, channels: image.channels, data, view: 0 };
            let ends = |image: &Image| {
                let mut y = vec![f32::NAN; 17 * 19 * 3];
                recipe.run(Mode::Sequential, image, &mut y, Instructions::detect()).unwrap();
                y
            };
            let taken = Image::taken(&picture, &recipe, Instructions::detect(), 0).unwrap();
            assert_eq!(matches!(taken.pixels, Pixels::Narrowed(_)), narrows());
            assert_eq!(ends(&taken), ends(&image));
            assert_eq!(ends(&Image::lent(&picture).unwrap()), ends(&image));
        }
    }
}

/// Whether images are narrowed as they come, here.
fn narrows() -> bool {
    #[cfg(target_arch = "x86_64")]
    return pillow_vnni::available();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

#[test]
fn an_image_narrowed_for_another_recipe_is_refused() {
    let recipe = |first: RecipeStep| Recipe::new("test", &[first, normalise()], [8, 8, 3]).unwrap();
    let data = vec![7; 30 * 20 * 3];
    let picture = Picture { width: 30, height: 20, channels: 3, data: &data, view: 0 };
    let bilinear = recipe(resize(Filter::PillowBilinear, 8, 8));
    let taken = Image::taken(&picture, &bilinear, Instructions::detect(), 0).unwrap();
    let others = [resize(Filter::PillowBicubic, 8, 8), RecipeStep::CentreCrop { width: 8, height: 8, halves: Halves::Even }];
    for other in others.into_iter().filter(|_| narrows()) {
        let refused = recipe(other).run(Mode::Sequential, &taken, &mut [0.0; 8 * 8 * 3], Instructions::detect());
        assert_eq!(refused.unwrap_err().code(), "INVARIANT_BROKEN");
    }
}

#[test]
fn wide_kernels_do_not_overflow_16_bits() {
    let white = Image::new(3000, 2, 3, &[255; 3000 * 2 * 3]).unwrap();
    for instructions in Instructions::all() {
        for (width, height) in [(2, 2), (2, 1)] {
            let y = run_with(vec![resize(Filter::PillowBilinear, width, height), normalise()], &white, width, height, instructions);
            assert_eq!(y, vec![255.0; width * height * 3]);
        }
    }
}

#[test]
fn a_crop_after_a_resize_gives_the_middle_of_the_whole_resize() {
    for (filter, crop) in [(Filter::PillowBicubic, (9, 12)), (Filter::TensorflowAlignCorners, (9, 12)), (Filter::PillowBilinear, (40, 12))]
    {
        let source = image(50, 37, 3);
        // Short side 37 to 21, long side floor(21 · 50 / 37) = 28.
        let whole = run(vec![resize(filter, 28, 21), normalise()], &source, 28, 21);
        let recipe = vec![
            RecipeStep::ResizeShortSide { filter, size: 21 },
            RecipeStep::CentreCrop { width: crop.0, height: crop.1, halves: Halves::Even },
            normalise(),
        ];
        let cropped = run(recipe, &source, crop.0, crop.1);
        for y in 0..crop.1 {
            for x in 0..crop.0 {
                // (28 - 9) / 2 = 9.5 rounds to 10 (even); (21 - 12) / 2 = 4.5 to 4; 40 pads (40 - 28) / 2 = 6 left.
                let from = if crop.0 == 9 { Some(x + 10) } else { x.checked_sub(6).filter(|&x| x < 28) };
                let expected = from.map_or([0.0; 3], |x| std::array::from_fn(|c| whole[((y + 4) * 28 + x) * 3 + c]));
                assert_eq!(cropped[(y * crop.0 + x) * 3..][..3], expected, "{filter:?} at {x}, {y}");
            }
        }
    }
}

/// Its short side makes four billion rows of it, of which a crop keeps eight: those alone are worked out.
#[test]
fn a_strip_that_is_enlarged_costs_what_is_kept_of_it() {
    let strip = Image::new(1, 65_535, 3, &(0..65_535u32 * 3).map(|at| (at / 3 / 257) as u8).collect::<Vec<_>>()).unwrap();
    for filter in [Filter::OpencvNearest, Filter::TorchNearest, Filter::TorchNearestExact] {
        let crop = RecipeStep::CentreCrop { width: 8, height: 8, halves: Halves::Even };
        let recipe = vec![RecipeStep::ResizeShortSide { filter, size: 1 << 16 }, crop, normalise()];
        assert_eq!(run(recipe, &strip, 8, 8), vec![127.0; 8 * 8 * 3], "{filter:?}");
    }
}

#[test]
fn crop_offsets_follow_torchvision() {
    let first = |size: usize, crop: usize| {
        let step = RecipeStep::CentreCrop { width: crop, height: 1, halves: Halves::Even };
        maps_of(&step, (size, 1), 0).unwrap().unwrap().x
    };
    assert_eq!(first(5, 4)[0], Some(0)); // 0.5 rounds to 0
    assert_eq!(first(7, 4)[0], Some(2)); // 1.5 rounds to 2
    assert_eq!(first(9, 4)[0], Some(2)); // 2.5 rounds to 2
    assert_eq!(first(8, 4)[0], Some(2));
    assert_eq!(first(4, 7)[..2], [None, Some(0)]); // the smaller half of the padding comes first
}

#[test]
fn short_side_sizes_follow_torchvision() {
    let size = |size: usize, from| resized_size(&RecipeStep::ResizeShortSide { filter: Filter::PillowBox, size }, from).unwrap();
    assert_eq!(size(224, (640, 427)), (335, 224)); // 335.7
    assert_eq!(size(224, (427, 640)), (224, 335));
    assert_eq!(size(3, (1, 1)), (3, 3));
}

#[test]
fn align_corners_keeps_corners_and_lerps_between() {
    let source = Image::new(2, 2, 3, &[0, 10, 20, 100].map(|value| [value; 3]).concat()).unwrap();
    let y = run(vec![resize(Filter::TensorflowAlignCorners, 3, 3), normalise()], &source, 3, 3);
    let first: Vec<f32> = y.iter().step_by(3).copied().collect();
    assert_eq!(first, [0.0, 5.0, 10.0, 10.0, 32.5, 55.0, 20.0, 60.0, 100.0]);
    // One output pixel reads the first corner: scale is input / output there, and position 0.
    assert_eq!(run(vec![resize(Filter::TensorflowAlignCorners, 1, 1), normalise()], &source, 1, 1), [0.0; 3]);
}

#[test]
fn align_corners_matches_the_formula_in_float64() {
    let (width, height) = (23, 41);
    let source = image(50, 37, 4);
    let y = run(vec![resize(Filter::TensorflowAlignCorners, width, height), normalise()], &source, width, height);
    let axis = |at: usize, input: usize, output: usize| {
        let position = at as f64 * (input - 1) as f64 / (output - 1) as f64;
        let lower = (position.floor() as usize).min(input - 2);
        (lower, position - lower as f64)
    };
    for (index, &value) in y.iter().enumerate() {
        let (channel, x, row) = (index % 3, index / 3 % width, index / 3 / width);
        let ((x, by_x), (row, by_y)) = (axis(x, 50, width), axis(row, 37, height));
        let at = |x: usize, y: usize| f64::from(pixel(x, y, channel));
        let top = at(x, row) * (1.0 - by_x) + at(x + 1, row) * by_x;
        let bottom = at(x, row + 1) * (1.0 - by_x) + at(x + 1, row + 1) * by_x;
        // Positions are float32: 50 pixels away their rounding is 2^-19 of a pixel, times a contrast of 255 in two axes.
        assert!((f64::from(value) - (top * (1.0 - by_y) + bottom * by_y)).abs() < 2e-3);
    }
}

#[test]
fn normalises_in_float32() {
    let source = Image::new(1, 1, 4, &[10, 20, 30, 99]).unwrap();
    let recipe = vec![RecipeStep::Normalise { scale: 1.0 / 255.0, mean: vec![0.485, 0.456, 0.406], deviation: vec![0.229, 0.224, 0.225] }];
    let expected = [(10, 0.485, 0.229), (20, 0.456, 0.224), (30, 0.406, 0.225)]
        .map(|(value, mean, deviation): (u8, f32, f32)| (f32::from(value) * (1.0f32 / 255.0) - mean) / deviation);
    assert_eq!(run(recipe, &source, 1, 1), expected);
}

#[test]
fn refuses_malformed_images_and_recipes() {
    for (width, height, channels, length) in [(2, 2, 3, 11), (2, 2, 1, 4), (0, 2, 3, 0), (usize::MAX, 3, 3, 9), (2, 2, 5, 20)] {
        assert_eq!(Image::new(width, height, channels, &vec![0; length]).unwrap_err().code(), "GRAPH_INVALID");
    }
    let code = |recipe: Vec<RecipeStep>| Recipe::new("test", &recipe, [8, 8, 3]).unwrap_err().code();
    assert_eq!(code(vec![]), "GRAPH_INVALID");
    assert_eq!(code(vec![resize(Filter::PillowBilinear, 8, 8)]), "GRAPH_INVALID");
    assert_eq!(code(vec![resize(Filter::PillowBilinear, 0, 8), normalise()]), "GRAPH_INVALID");
    assert_eq!(code(vec![RecipeStep::Round, normalise()]), "GRAPH_INVALID");
    assert_eq!(code(vec![RecipeStep::Grey { channels: 1 }, normalise()]), "GRAPH_INVALID");
    assert_eq!(code(vec![normalise(), RecipeStep::Bgr]), "OP_UNSUPPORTED");
    let mixed = vec![resize(Filter::TensorflowAlignCorners, 9, 9), resize(Filter::PillowBilinear, 8, 8), normalise()];
    assert_eq!(code(mixed), "OP_UNSUPPORTED");
    // Images that end in another size are refused when they come.
    let recipe = Recipe::new("test", &[normalise()], [8, 8, 3]).unwrap();
    let error = recipe.run(Mode::Sequential, &image(8, 9, 3), &mut [0.0; 192], Instructions::Portable);
    assert_eq!(error.unwrap_err().code(), "GRAPH_INVALID");
}
