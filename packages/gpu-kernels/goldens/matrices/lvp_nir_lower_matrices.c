/* Cooperative matrices of 16x16x16 in lavapipe, multiplied by subgroups of 16 or 32: see README.md.
 *
 * A result lies over the lanes: lane l holds column l % 16 of the rows from l / 16 * rows_of_lane() on. Left and right operands
 * are not copied: a product reads them where they were loaded from. That is the same as long as nothing writes there between
 * the two, which this repository's kernels guarantee by their barriers; a matrix that is changed or stored as an operand aborts.
 */
#include <stdio.h>
#include <stdlib.h>
#include "nir.h"
#include "nir_builder.h"
#include "util/hash_table.h"

#define SIDE 16

extern unsigned lp_native_vector_width;
bool lvp_nir_lower_matrices(nir_shader *shader);

/* Where an operand lies: an element of memory, and elements from one row (or column) to the next. */
struct operand {
   nir_deref_instr *from;
   nir_def *stride;
   bool rows_follow;
   enum glsl_base_type type;
};

struct lowering {
   nir_builder b;
   struct hash_table *types;    /* of matrices and what holds them: what they become */
   struct hash_table *was;      /* nir_deref_instr: its type before */
   struct hash_table *operands; /* nir_variable: struct operand */
};

static unsigned rows_of_lane(void) { return SIDE * SIDE / (lp_native_vector_width / 32); }

static void fail(const char *what)
{
   fprintf(stderr, "lvp_nir_lower_matrices: %s\n", what);
   abort();
}

/* A matrix becomes an array of the numbers that one lane holds. */
static const struct glsl_type *lowered_type(struct lowering *s, const struct glsl_type *type)
{
   struct hash_entry *known = _mesa_hash_table_search(s->types, type);
   if (known)
      return known->data;
   const struct glsl_type *lowered = type;
   if (glsl_type_is_cmat(type)) {
      lowered = glsl_array_type(glsl_scalar_type(glsl_get_cmat_description(type)->element_type), rows_of_lane(), 0);
   } else if (glsl_type_is_array(type)) {
      const struct glsl_type *element = lowered_type(s, glsl_get_array_element(type));
      if (element != glsl_get_array_element(type))
         lowered = glsl_array_type(element, glsl_get_length(type), glsl_get_explicit_stride(type));
   }
   _mesa_hash_table_insert(s->types, type, (void *)lowered);
   return lowered;
}

static const struct glsl_type *type_before(struct lowering *s, nir_src src)
{
   struct hash_entry *entry = _mesa_hash_table_search(s->was, nir_src_as_deref(src));
   return entry ? entry->data : NULL;
}

static struct glsl_cmat_description matrix_of(struct lowering *s, nir_src src)
{
   return *glsl_get_cmat_description(type_before(s, src));
}

static nir_variable *variable_of(nir_src src)
{
   nir_deref_instr *deref = nir_src_as_deref(src);
   if (deref->deref_type != nir_deref_type_var)
      fail("an operand that is no variable");
   return deref->var;
}

static struct operand *operand_of(struct lowering *s, nir_src src)
{
   struct hash_entry *entry = _mesa_hash_table_search(s->operands, variable_of(src));
   if (!entry)
      fail("an operand that was not loaded");
   return entry->data;
}

static nir_deref_instr *number(struct lowering *s, nir_src matrix, unsigned i)
{
   return nir_build_deref_array_imm(&s->b, nir_src_as_deref(matrix), i);
}

static nir_deref_instr *element(nir_builder *b, const struct operand *o, nir_def *row, nir_def *column)
{
   nir_def *major = o->rows_follow ? row : column, *minor = o->rows_follow ? column : row;
   unsigned bits = o->from->def.bit_size;
   nir_deref_instr *line = nir_build_deref_ptr_as_array(b, o->from, nir_u2uN(b, nir_imul(b, major, o->stride), bits));
   line = nir_build_deref_cast(b, &line->def, o->from->modes, glsl_scalar_type(o->type), glsl_base_type_bit_size(o->type) / 8);
   return nir_build_deref_ptr_as_array(b, line, nir_u2uN(b, minor, bits));
}

static nir_def *column_of(nir_builder *b) { return nir_umod_imm(b, nir_load_subgroup_invocation(b), SIDE); }

static nir_def *row_of(nir_builder *b, unsigned i)
{
   nir_def *first = nir_imul_imm(b, nir_udiv_imm(b, nir_load_subgroup_invocation(b), SIDE), rows_of_lane());
   return nir_iadd_imm(b, first, i);
}

static void lower_load_store(struct lowering *s, nir_intrinsic_instr *intr)
{
   nir_builder *b = &s->b;
   bool load = intr->intrinsic == nir_intrinsic_cmat_load;
   struct glsl_cmat_description matrix = matrix_of(s, intr->src[!load]);
   nir_deref_instr *from = nir_src_as_deref(intr->src[load]);
   struct operand *o = malloc(sizeof *o);
   unsigned bytes = glsl_get_bit_size(from->type) / 8 * glsl_get_vector_elements(from->type);
   o->from = nir_build_deref_cast(b, &from->def, from->modes, from->type, bytes);
   o->stride = intr->src[2].ssa;
   o->rows_follow = nir_intrinsic_matrix_layout(intr) == GLSL_MATRIX_LAYOUT_ROW_MAJOR;
   o->type = matrix.element_type;
   if (matrix.use != GLSL_CMAT_USE_ACCUMULATOR) {
      if (!load)
         fail("an operand is stored");
      _mesa_hash_table_insert(s->operands, variable_of(intr->src[0]), o);
      return;
   }
   for (unsigned i = 0; i < rows_of_lane(); i++) {
      nir_deref_instr *place = element(b, o, row_of(b, i), column_of(b));
      if (load)
         nir_store_deref(b, number(s, intr->src[0], i), nir_load_deref(b, place), 1);
      else
         nir_store_deref(b, place, nir_load_deref(b, number(s, intr->src[1], i)), 1);
   }
   free(o);
}

/* A loop over the inner dimension that stays one: written out, a kernel takes LLVM minutes. */
static void lower_product(struct lowering *s, nir_intrinsic_instr *intr)
{
   nir_builder *b = &s->b;
   enum glsl_base_type type = matrix_of(s, intr->src[3]).element_type;
   unsigned bits = glsl_base_type_bit_size(type), rows = rows_of_lane();
   struct operand *left = operand_of(s, intr->src[1]), *right = operand_of(s, intr->src[2]);
   nir_variable *sums[SIDE];
   for (unsigned i = 0; i < rows; i++) {
      sums[i] = nir_local_variable_create(b->impl, glsl_scalar_type(type), "sum");
      nir_store_var(b, sums[i], nir_load_deref(b, number(s, intr->src[3], i)), 1);
   }
   nir_variable *inner = nir_local_variable_create(b->impl, glsl_uint_type(), "inner");
   nir_store_var(b, inner, nir_imm_int(b, 0), 1);
   nir_loop *loop = nir_push_loop(b);
   loop->control = nir_loop_control_dont_unroll;
   nir_def *k = nir_load_var(b, inner);
   nir_break_if(b, nir_uge_imm(b, k, SIDE));
   nir_def *w = nir_f2fN(b, nir_load_deref(b, element(b, right, k, column_of(b))), bits);
   for (unsigned i = 0; i < rows; i++) {
      nir_def *x = nir_f2fN(b, nir_load_deref(b, element(b, left, row_of(b, i), k)), bits);
      nir_store_var(b, sums[i], nir_fadd(b, nir_load_var(b, sums[i]), nir_fmul(b, x, w)), 1);
   }
   nir_store_var(b, inner, nir_iadd_imm(b, k, 1), 1);
   nir_pop_loop(b, loop);
   for (unsigned i = 0; i < rows; i++)
      nir_store_deref(b, number(s, intr->src[0], i), nir_load_var(b, sums[i]), 1);
}

static nir_def *one_result(struct lowering *s, nir_intrinsic_instr *intr, unsigned i)
{
   nir_builder *b = &s->b;
   if (intr->intrinsic == nir_intrinsic_cmat_construct)
      return intr->src[1].ssa;
   nir_def *x = nir_load_deref(b, number(s, intr->src[1], i));
   switch (intr->intrinsic) {
   case nir_intrinsic_cmat_unary_op:
      return nir_build_alu1(b, nir_intrinsic_alu_op(intr), x);
   case nir_intrinsic_cmat_binary_op:
      return nir_build_alu2(b, nir_intrinsic_alu_op(intr), x, nir_load_deref(b, number(s, intr->src[2], i)));
   case nir_intrinsic_cmat_scalar_op:
      return nir_build_alu2(b, nir_intrinsic_alu_op(intr), x, intr->src[2].ssa);
   default:
      return x; /* a copy */
   }
}

static void lower_each(struct lowering *s, nir_intrinsic_instr *intr)
{
   if (matrix_of(s, intr->src[0]).use != GLSL_CMAT_USE_ACCUMULATOR) {
      if (intr->intrinsic != nir_intrinsic_cmat_copy && intr->intrinsic != nir_intrinsic_cmat_bitcast)
         fail("an operand is computed");
      _mesa_hash_table_insert(s->operands, variable_of(intr->src[0]), operand_of(s, intr->src[1]));
      return;
   }
   for (unsigned i = 0; i < rows_of_lane(); i++)
      nir_store_deref(&s->b, number(s, intr->src[0], i), one_result(s, intr, i), 1);
}

/* A variable's initial zero. */
static bool lower_zero(struct lowering *s, nir_intrinsic_instr *intr)
{
   const struct glsl_type *type = type_before(s, intr->src[0]);
   if (!type || !glsl_type_is_cmat(type))
      return false;
   nir_def *zero = nir_imm_zero(&s->b, 1, glsl_base_type_bit_size(glsl_get_cmat_description(type)->element_type));
   for (unsigned i = 0; i < rows_of_lane(); i++)
      nir_store_deref(&s->b, number(s, intr->src[0], i), zero, 1);
   return true;
}

static bool lower_intrinsic(struct lowering *s, nir_intrinsic_instr *intr)
{
   switch (intr->intrinsic) {
   case nir_intrinsic_store_deref:
      return lower_zero(s, intr);
   case nir_intrinsic_cmat_load:
   case nir_intrinsic_cmat_store:
      lower_load_store(s, intr);
      return true;
   case nir_intrinsic_cmat_muladd:
      lower_product(s, intr);
      return true;
   case nir_intrinsic_cmat_construct:
   case nir_intrinsic_cmat_copy:
   case nir_intrinsic_cmat_bitcast:
   case nir_intrinsic_cmat_unary_op:
   case nir_intrinsic_cmat_binary_op:
   case nir_intrinsic_cmat_scalar_op:
      lower_each(s, intr);
      return true;
   default:
      return false;
   }
}

static void lower_types(struct lowering *s, nir_shader *shader)
{
   nir_foreach_variable_with_modes(var, shader, nir_var_shader_temp)
      var->type = lowered_type(s, var->type);
   nir_foreach_function_temp_variable(var, s->b.impl)
      var->type = lowered_type(s, var->type);
   nir_foreach_block(block, s->b.impl) {
      nir_foreach_instr(instr, block) {
         if (instr->type != nir_instr_type_deref)
            continue;
         nir_deref_instr *deref = nir_instr_as_deref(instr);
         _mesa_hash_table_insert(s->was, deref, (void *)deref->type);
         deref->type = lowered_type(s, deref->type);
      }
   }
}

/* Listed before any is lowered: a product's loop splits its block. */
static nir_intrinsic_instr **intrinsics_of(nir_function_impl *impl, unsigned *count)
{
   nir_intrinsic_instr **all = NULL;
   *count = 0;
   nir_foreach_block(block, impl) {
      nir_foreach_instr(instr, block) {
         if (instr->type != nir_instr_type_intrinsic)
            continue;
         all = realloc(all, (*count + 1) * sizeof *all);
         all[(*count)++] = nir_instr_as_intrinsic(instr);
      }
   }
   return all;
}

bool lvp_nir_lower_matrices(nir_shader *shader)
{
   if (!gl_shader_stage_is_compute(shader->info.stage) || !shader->info.cs.has_cooperative_matrix)
      return false;
   nir_function_impl *impl = nir_shader_get_entrypoint(shader);
   struct lowering s = {
      .b = nir_builder_create(impl),
      .types = _mesa_pointer_hash_table_create(NULL),
      .was = _mesa_pointer_hash_table_create(NULL),
      .operands = _mesa_pointer_hash_table_create(NULL),
   };
   lower_types(&s, shader);
   unsigned count;
   nir_intrinsic_instr **all = intrinsics_of(impl, &count);
   for (unsigned i = 0; i < count; i++) {
      s.b.cursor = nir_before_instr(&all[i]->instr);
      if (lower_intrinsic(&s, all[i]))
         nir_instr_remove(&all[i]->instr);
   }
   free(all);
   _mesa_hash_table_destroy(s.types, NULL);
   _mesa_hash_table_destroy(s.was, NULL);
   _mesa_hash_table_destroy(s.operands, NULL); /* its entries live as long as the process: this is for tests */
   nir_metadata_preserve(impl, nir_metadata_none);
   return true;
}
